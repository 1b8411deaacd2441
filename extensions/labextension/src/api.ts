/** The one place that talks HTTP: the lab's own server, which answers itself or passes the call on to the SkyDesk service. */

import { ServerConnection } from '@jupyterlab/services';

/** What went wrong, in the words of the service where it had any. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string
  ) {
    super(message);
  }
}

const SERVER_IS_AWAY = 'the lab server does not answer; check that it still runs and that you are connected';

export class Api {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  /** Address of a call below `skydesk/api/`. Refuses what would leave that folder. */
  url(path: string): string {
    const [route] = path.split('?', 1);
    if (!/^[a-z]/.test(route) || route.split('/').some(part => /^(\.|%2e){1,2}$/i.test(part)) || /[\\#:]/.test(route)) {
      throw new ApiError(400, 'invalid_request', `path must lie below skydesk/api/, got ${path}`);
    }
    return `${this.settings.baseUrl}skydesk/api/${path}`;
  }

  /** Address of a panel's file. Modules are fetched in CORS mode, for which JupyterHub wants the XSRF token as an argument. */
  panelUrl(file: string, attempt = 0): string {
    const url = new URL(`${this.settings.baseUrl}skydesk/panels/${file}`, document.baseURI);
    const token = xsrfToken();
    if (token) {
      url.searchParams.set('_xsrf', token);
    }
    if (attempt) {
      url.searchParams.set('attempt', String(attempt));
    }
    return url.href;
  }

  /** Send a request; the reply may be of any status. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const url = this.url(path);
    try {
      return await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      if (init.signal?.aborted) {
        throw error;
      }
      throw new ApiError(503, 'unavailable', SERVER_IS_AWAY);
    }
  }

  /** Get a JSON document. */
  async json(path: string, init: RequestInit = {}): Promise<unknown> {
    const response = await this.fetch(path, init);
    if (!response.ok) {
      throw await errorOf(response);
    }
    return response.json();
  }
}

/** Read an error reply: ours where it is JSON, the status line where a proxy or the lab made it. */
export async function errorOf(response: Response): Promise<ApiError> {
  const { code, message } = (await errorBodyOf(response)).error;
  return new ApiError(response.status, code, message);
}

export interface ErrorBody {
  error: { code: string; message: string; detail?: unknown; id?: unknown };
}

/** The body of an error reply as docs/api.md has it. */
export async function errorBodyOf(response: Response): Promise<ErrorBody> {
  try {
    const body = (await response.json()) as Partial<ErrorBody> | null;
    if (typeof body?.error?.message === 'string' && typeof body.error.code === 'string') {
      return body as ErrorBody;
    }
  } catch {
    // Not JSON: an HTML page of a proxy or of the lab. Its status line says more than its markup.
  }
  return errorBody(codeOf(response.status), `the server answered ${response.status} ${response.statusText}`.trim());
}

export function errorBody(code: string, message: string): ErrorBody {
  return { error: { code, message, detail: {}, id: null } };
}

function codeOf(status: number): string {
  const codes: Record<number, string> = { 401: 'unauthenticated', 403: 'not_allowed', 404: 'not_found', 502: 'unavailable', 503: 'unavailable' };
  return codes[status] ?? 'internal_error';
}

function xsrfToken(): string {
  return /(?:^|;\s*)_xsrf=([^;]*)/.exec(document.cookie)?.[1] ?? '';
}
