/** Fills `{name}` in a message. */
export function format(message, values) {
  return message.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}
