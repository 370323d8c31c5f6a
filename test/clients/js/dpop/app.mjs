// A web page that signs its users in by oauth4webapi and proves a key which nobody can
// take out of the browser. browser.mjs bundles it.
import * as oauth from 'oauth4webapi';

const { issuer, id, home } = JSON.parse(document.getElementById('settings').textContent);
const client = { client_id: id };
const insecure = { [oauth.allowInsecureRequests]: true };

/** What a request to the browser's own database gives. */
const result = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** The key of this browser, made when it is first needed. */
async function key() {
  const opening = indexedDB.open('app', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
  const database = await result(opening);
  const kept = await result(database.transaction('keys').objectStore('keys').get('dpop'));
  if (kept) return kept;
  const made = await oauth.generateKeyPair('ES256');
  await result(database.transaction('keys', 'readwrite').objectStore('keys').put(made, 'dpop'));
  return made;
}

/** Asks again, with the nonce that the first answer gave. */
async function again(ask) {
  try {
    return await ask();
  } catch (err) {
    if (!oauth.isDPoPNonceError(err)) throw err;
    globalThis.nonces = (globalThis.nonces ?? 0) + 1;
    return ask();
  }
}

async function run() {
  const as = await oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), insecure));
  const pair = await key();
  const options = { DPoP: oauth.DPoP(client, pair), ...insecure };
  const at = new URL(location.href);
  if (!at.searchParams.has('code')) {
    const verifier = oauth.generateRandomCodeVerifier();
    sessionStorage.verifier = verifier;
    const parameters = {
      response_type: 'code', redirect_uri: home, scope: 'openid email',
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    };
    const pushed = await again(async () => oauth.processPushedAuthorizationResponse(as, client,
      await oauth.pushedAuthorizationRequest(as, client, oauth.None(), parameters, options)));
    location.assign(`${as.authorization_endpoint}?${new URLSearchParams({ client_id: id, request_uri: pushed.request_uri })}`);
    return;
  }
  const back = oauth.validateAuthResponse(as, client, at);
  const tokens = await again(async () => oauth.processAuthorizationCodeResponse(as, client,
    await oauth.authorizationCodeGrantRequest(as, client, oauth.None(), back, home, sessionStorage.verifier, options)));
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);
  const info = await again(async () => oauth.processUserInfoResponse(as, client, sub,
    await oauth.userInfoRequest(as, client, tokens.access_token, options)));
  const refused = await oauth.processUserInfoResponse(as, client, sub, await oauth.userInfoRequest(as, client, tokens.access_token, insecure))
    .catch((err) => err.cause?.[0]?.parameters?.error);
  globalThis.app = {
    type: tokens.token_type, extractable: pair.privateKey.extractable, thumbprint: await options.DPoP.calculateThumbprint(),
    accessToken: tokens.access_token, nonces: globalThis.nonces, refused,
  };
  document.querySelector('h1').textContent = `Welcome, ${info.email}`;
}

run().catch((err) => { document.querySelector('h1').textContent = `${err}`; });
