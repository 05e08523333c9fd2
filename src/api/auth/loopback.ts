/** `127.0.0.1`, `localhost` and their like, as a host to listen at. */
export const isLoopback = (host: string): boolean =>
  /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host) || ['localhost', '::1', '[::1]'].includes(host.toLowerCase());

/** The host in a `Host` header or an origin, without its port. */
function hostOf(authority: string): string {
  return authority.replace(/^https?:\/\//i, '').replace(/:\d{1,5}$/, '');
}

interface RequestHeaders {
  host?: string | undefined;
  origin?: string | undefined;
  'sec-fetch-site'?: string | string[] | undefined;
}

/**
 * Why a request to a server without tokens is refused, or undefined. A page of another site can reach loopback through
 * the user's browser: under a name that it has pointed here, or across origins. Both show in these headers.
 */
export function foreignOrigin({ host, origin, 'sec-fetch-site': site }: RequestHeaders): string | undefined {
  if (host === undefined || !isLoopback(hostOf(host))) return 'the request names another host than this machine';
  if (origin !== undefined && !isLoopback(hostOf(origin))) return 'the request comes from a page of another site';
  return site === 'cross-site' ? 'the request comes from a page of another site' : undefined;
}
