import { Authenticator, useAuthenticator } from '@aws-amplify/ui-react'
import { Hub } from 'aws-amplify/utils'
import { useEffect, useState } from 'react'
import { Articles } from './Articles'

/** The sign-in, and behind it the articles. */
export function App() {
  const { authStatus } = useAuthenticator(context => [context.authStatus])
  const expired = useExpired()
  if (authStatus === 'authenticated') return <Articles />
  return (
    <div className="welcome">
      <header>
        <h1>Articles</h1>
        <p>Sign in to read them and to add your own.</p>
      </header>
      {expired && (
        <p className="notice" role="status">
          Your session has expired. Sign in again.
        </p>
      )}
      <Authenticator components={{ ConfirmSignUp: { Footer: Inbox }, ConfirmResetPassword: { Footer: Inbox } }} />
    </div>
  )
}

/** Whether the last session ended because its refresh token was over or revoked. */
function useExpired(): boolean {
  const [expired, setExpired] = useState(false)
  useEffect(
    () =>
      Hub.listen('auth', ({ payload }) => {
        // A network that is down ends no session.
        if (payload.event === 'tokenRefresh_failure' && payload.data?.error?.name !== 'NetworkError') setExpired(true)
        if (payload.event === 'signedIn') setExpired(false)
      }),
    [],
  )
  return expired
}

/** While developing no email is sent: Poolhouse shows it. */
function Inbox() {
  if (!import.meta.env.DEV || !import.meta.env.VITE_POOLHOUSE_URL) return null
  return (
    <p className="inbox">
      The message is in{' '}
      <a href={`${import.meta.env.VITE_POOLHOUSE_URL}/_poolhouse/inbox`} target="_blank" rel="noreferrer">
        Poolhouse’s inbox
      </a>
      .
    </p>
  )
}
