import type { Connection } from '@temporalio/client';
import { messageOf, RerailError } from '../domain/errors.ts';
import { SEARCH_ATTRIBUTE_TYPES } from '../domain/search-attributes.ts';

type SearchAttributeType = (typeof SEARCH_ATTRIBUTE_TYPES)[keyof typeof SEARCH_ATTRIBUTE_TYPES];

/** What recoveries are listed and counted by. */
export const SEARCH_ATTRIBUTES: Readonly<Record<string, SearchAttributeType>> = SEARCH_ATTRIBUTE_TYPES;

/** temporal.api.enums.v1.IndexedValueType; the SDK does not export the enum's values. */
const INDEXED_VALUE_TYPE: Record<SearchAttributeType, number> = { Keyword: 2, Datetime: 6 };

const GRPC_ALREADY_EXISTS = 6;

type OperatorConnection = Pick<Connection, 'operatorService'>;

/** Names that are not registered yet. Throws `setup-failed` for one that is there with another type. */
export async function missingSearchAttributes(connection: OperatorConnection, namespace: string): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const wrong = Object.entries(SEARCH_ATTRIBUTES).filter(([name, type]) => {
    const existing = customAttributes?.[name];
    return existing !== undefined && existing !== null && Number(existing) !== INDEXED_VALUE_TYPE[type];
  });
  if (wrong.length > 0) {
    const list = wrong.map(([name, type]) => `${name} (needed: ${type})`).join(', ');
    throw new RerailError('setup-failed', `namespace "${namespace}" has search attributes of another type: ${list}`, {
      remedy: 'Use another namespace, or remove them with `temporal operator search-attribute remove`.',
      nonRetryable: true,
    });
  }
  return Object.keys(SEARCH_ATTRIBUTES).filter((name) => customAttributes?.[name] === undefined);
}

/** Registers the ones that are missing, on our server or on a foreign one, and returns their names. */
export async function ensureSearchAttributes(connection: OperatorConnection, namespace: string): Promise<string[]> {
  const missing = await missingSearchAttributes(connection, namespace);
  if (missing.length === 0) return [];
  const searchAttributes = Object.fromEntries(
    missing.map((name) => [name, INDEXED_VALUE_TYPE[SEARCH_ATTRIBUTES[name] ?? 'Keyword']]),
  );
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    // Another process may have registered them between our list and our add.
    if ((error as { code?: unknown }).code === GRPC_ALREADY_EXISTS) return [];
    const commands = missing.map((name) => `--name ${name} --type ${SEARCH_ATTRIBUTES[name]}`).join(' ');
    throw new RerailError(
      'setup-failed',
      `could not register search attributes in namespace "${namespace}": ${messageOf(error)}`,
      { remedy: `Register them: temporal operator search-attribute create ${commands}`, cause: error },
    );
  }
  return missing;
}
