/** Asking the server: JSON, the CSRF token, and errors that say what is the matter. No DOM in here. */

const BASE = "/v1/console/";
const WAIT = 15_000; // for any answer by HTTP
const WAIT_FILE = 300_000; // for one to a file

let csrf = "";

/** Tells the page: "out" when the session is over, "in" when somebody logged in (its `detail` is `me`). */
export const door = new EventTarget();

/** A refusal (`code`, `says`: a sentence for people, `afterMs`), or no answer at all: status 0, code "offline". */
export class HttpError extends Error {
  constructor(status, { error = "internal", says = "", after_ms: afterMs = 0 } = {}) {
    super(says || `HTTP ${status} ${error}`);
    Object.assign(this, { status, code: error, says, afterMs });
  }
}

/** `path` is relative to /v1/console/; a Blob as `body` is sent as it is. Resolves to the JSON of the answer, or null when
 * there is none. */
export async function api(method, path, body) {
  try {
    return await ask(method, path, body);
  } catch (error) {
    if (error.status === 401) tell("out");
    // Another tab logged in since: the token changed, the person did not.
    if (error.status !== 403 || method === "GET" || !(await isTokenNew())) throw error;
    return ask(method, path, body);
  }
}

/** The agent who is logged in, {agent, actions, shop, …}. Rejects with status 401 when nobody is. */
export function whoAmI() {
  return ask("GET", "me");
}

export async function logIn(login, password) {
  const me = await ask("POST", "login", { login, password });
  tell("in", me);
  return me;
}

export async function logOut() {
  try {
    await ask("POST", "logout", {});
  } catch (error) {
    if (error.status !== 401) throw error; // else it was over already
  }
}

async function isTokenNew() {
  const before = csrf;
  await whoAmI().catch(() => {});
  return csrf !== before;
}

async function ask(method, path, body) {
  const isFile = globalThis.Blob !== undefined && body instanceof Blob;
  const type = isFile ? "application/octet-stream" : "application/json";
  const headers = method === "GET" ? {} : { "content-type": type, "x-csrf-token": csrf };
  const sent = isFile ? body : body && JSON.stringify(body);
  const response = await reach(BASE + path, { method, headers, body: sent }, isFile ? WAIT_FILE : WAIT);
  const answer = await jsonOf(response);
  if (typeof answer?.csrf === "string") csrf = answer.csrf;
  if (response.ok) return answer;
  throw new HttpError(response.status, answer ?? {});
}

async function reach(path, options, wait) {
  try {
    const signal = AbortSignal.timeout(wait);
    return await globalThis.fetch(path, { ...options, signal, credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new HttpError(0, { error: "offline" });
  }
}

async function jsonOf(response) {
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch {
    return null;
  }
}

function tell(what, detail) {
  const said = new Event(what);
  said.detail = detail;
  door.dispatchEvent(said);
}
