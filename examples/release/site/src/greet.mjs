import { readFileSync } from 'node:fs';
import { format } from './format.mjs';

const messages = JSON.parse(readFileSync(new URL('./messages.json', import.meta.url), 'utf8'));

/** Greets in a language, in English where that is not known. */
export const greet = (language, name) => format(messages[language] ?? messages.en, { name });

export const languages = Object.keys(messages);
