import { useAuthenticator } from '@aws-amplify/ui-react'
import { type FormEvent, useEffect, useState } from 'react'
import { type Article, createArticle, listArticles } from './api'

/** The longest name, in characters; the API has the last word. */
const maxName = 50

export function Articles() {
  const { user, signOut } = useAuthenticator(context => [context.user])
  const [articles, setArticles] = useState<Article[]>()
  const [next, setNext] = useState<number>()
  const [problem, setProblem] = useState('')

  const report = (e: unknown) => setProblem(e instanceof Error ? e.message : String(e))
  const more = (before?: number) =>
    listArticles(before).then(page => {
      setArticles(old => (before && old ? [...old, ...page.articles] : page.articles))
      setNext(page.next)
      setProblem('')
    }, report)
  useEffect(() => void more(), [])

  return (
    <>
      <header className="bar">
        <strong>Articles</strong>
        <span className="who">{user?.signInDetails?.loginId}</span>
        <button className="quiet" onClick={signOut}>
          Sign out
        </button>
      </header>
      <main>
        <NewArticle onCreated={article => setArticles(old => [article, ...(old ?? [])])} />
        {problem && (
          <p className="problem" role="alert">
            {problem} <button onClick={() => more()}>Try again</button>
          </p>
        )}
        {articles?.length === 0 && <p className="soft">No articles yet. Yours can be the first.</p>}
        <ul className="articles">
          {articles?.map(a => (
            <li key={a.id}>
              <h2>{a.name}</h2>
              <p>
                <span>{a.author}</span>
                <time dateTime={a.createdAt}>
                  {new Date(a.createdAt).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })}
                </time>
              </p>
            </li>
          ))}
        </ul>
        {next && (
          <button className="quiet" onClick={() => more(next)}>
            Older articles
          </button>
        )}
      </main>
    </>
  )
}

function NewArticle({ onCreated }: { onCreated: (article: Article) => void }) {
  const [name, setName] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState('')
  const left = maxName - [...name].length

  async function submit(event: FormEvent) {
    event.preventDefault()
    setBusy(true)
    setProblem('')
    try {
      onCreated(await createArticle(name))
      setName('')
    } catch (e) {
      setProblem(e instanceof Error ? e.message : String(e))
    } finally {
      setBusy(false)
    }
  }

  return (
    <form className="new" onSubmit={submit}>
      <label htmlFor="name">New article</label>
      <div className="row">
        <input
          id="name"
          value={name}
          onChange={event => setName(event.target.value)}
          placeholder="What is it called?"
          autoComplete="off"
          aria-describedby="left"
          required
        />
        <button disabled={busy || left < 0 || name.trim() === ''}>Create</button>
      </div>
      <p id="left" className={left < 0 ? 'left over' : 'left'}>
        {left < 0 ? `${-left} too many` : `${left} characters left`}
      </p>
      {problem && (
        <p className="problem" role="alert">
          {problem}
        </p>
      )}
    </form>
  )
}
