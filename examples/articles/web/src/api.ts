import { fetchAuthSession } from 'aws-amplify/auth'

export interface Article {
  id: number
  name: string
  author: string
  createdAt: string
}

export interface Page {
  articles: Article[]
  next?: number
}

/** The API's answer if it is no success, in words to show. */
export class APIError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }
}

export const listArticles = (before?: number): Promise<Page> =>
  call(before ? `/api/articles?before=${before}` : '/api/articles')

export const createArticle = (name: string): Promise<Article> =>
  call('/api/articles', { method: 'POST', body: JSON.stringify({ name }) })

async function call<T>(path: string, init: RequestInit = {}): Promise<T> {
  let response = await send(path, init, false)
  // The clocks of this machine and the API may differ, or keys may have changed:
  // once, a new token is worth a try.
  if (response.status === 401) response = await send(path, init, true)
  if (response.ok) return response.json()
  const body = await response.json().catch(() => ({}))
  const reason = body.error_description ?? `it answered ${response.status}`
  throw new APIError(response.status, response.status === 401 ? `The API does not let you in: ${reason}.` : reason)
}

/** Amplify keeps the tokens, and refreshes them when they are over. */
async function send(path: string, init: RequestInit, forceRefresh: boolean): Promise<Response> {
  const { tokens } = await fetchAuthSession({ forceRefresh })
  if (!tokens?.idToken) throw new APIError(401, 'Your session has expired.')
  return fetch(import.meta.env.VITE_API_URL + path, {
    ...init,
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${tokens.idToken}` },
  })
}
