// A web page with Amplify that signs its users in at the login pages. It has no
// framework: what it shows are Amplify's own answers. redirect.mjs bundles it.
import { Amplify } from 'aws-amplify';
import { fetchAuthSession, fetchUserAttributes, getCurrentUser, signInWithRedirect, signOut } from 'aws-amplify/auth';
import 'aws-amplify/auth/enable-oauth-listener';
import { Hub } from 'aws-amplify/utils';

const settings = JSON.parse(document.getElementById('settings').textContent);
Amplify.configure({
  Auth: {
    Cognito: {
      userPoolId: settings.pool,
      userPoolClientId: settings.client,
      userPoolEndpoint: settings.endpoint,
      loginWith: {
        oauth: {
          domain: settings.domain, // Amplify puts https:// before it
          scopes: ['openid', 'email', 'profile', 'aws.cognito.signin.user.admin'],
          redirectSignIn: [settings.home],
          redirectSignOut: [settings.bye],
          responseType: 'code',
        },
      },
    },
  },
});

const title = document.querySelector('h1');
const heard = {}; // of Amplify, by the event
Hub.listen('auth', ({ payload: { event, data } }) => {
  heard[event] = data ?? true;
  if (['signInWithRedirect', 'signInWithRedirect_failure'].includes(event)) show();
});

async function show() {
  try {
    const { username } = await getCurrentUser();
    title.textContent = `Welcome, ${username}`;
  } catch {
    title.textContent = heard.signInWithRedirect_failure ? 'Sign-in failed' : 'Not signed in';
  }
}

// What the test does in the page.
globalThis.app = {
  heard,
  signIn: (input) => signInWithRedirect(input),
  signOut: () => signOut(),
  /** The claims of both tokens, new ones if that is asked for. */
  async tokens(forceRefresh) {
    const { tokens } = await fetchAuthSession({ forceRefresh });
    return tokens && { id: tokens.idToken.payload, access: tokens.accessToken.payload, text: tokens.accessToken.toString() };
  },
  attributes: () => fetchUserAttributes(),
};
// Coming back with a code, the page waits for the event.
if (!location.search.includes('code=')) await show();
