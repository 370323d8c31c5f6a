// openid-client (certified) on oauth4webapi, version 6 and 3, from nothing but the issuer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CreateResourceServerCommand, CreateUserPoolClientCommand, CreateUserPoolDomainCommand, UpdateUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { signInByForm } from './login-form.mjs';
import { createUser, issuer, password, pool, sdk } from './poolhouse.mjs';

const options = { execute: [oidc.allowInsecureRequests] };
const callback = 'https://app.example.com/callback';
const api = 'https://api.example.com';

await sdk.send(new CreateUserPoolDomainCommand({ UserPoolId: pool, Domain: 'oauth' }));
await sdk.send(new CreateResourceServerCommand({
  UserPoolId: pool, Identifier: api, Name: 'api', Scopes: [{ ScopeName: 'read', ScopeDescription: 'read' }],
}));

/** Makes an app client with a secret and returns how openid-client knows it. */
async function configured(settings, authentication) {
  const { UserPoolClient: made } = await sdk.send(new CreateUserPoolClientCommand({
    UserPoolId: pool, ClientName: 'oauth', GenerateSecret: true, AllowedOAuthFlowsUserPoolClient: true, ...settings,
  }));
  return oidc.discovery(new URL(issuer), made.ClientId, made.ClientSecret, authentication(made.ClientSecret), options);
}

const machine = { AllowedOAuthFlows: ['client_credentials'], AllowedOAuthScopes: [`${api}/read`] };
const web = { AllowedOAuthFlows: ['code'], AllowedOAuthScopes: ['openid', 'email'], CallbackURLs: [callback], LogoutURLs: ['https://app.example.com/bye'] };

for (const [name, authentication] of [['basic', oidc.ClientSecretBasic], ['post', oidc.ClientSecretPost]]) {
  test(`client credentials and introspection, client_secret_${name}`, async () => {
    const config = await configured(machine, authentication);
    const tokens = await oidc.clientCredentialsGrant(config, { scope: `${api}/read` });
    assert.equal(tokens.token_type, 'bearer'); // as openid-client normalises it
    assert.equal(tokens.expires_in, 3600);
    const told = await oidc.tokenIntrospection(config, tokens.access_token);
    assert.equal(told.active, true);
    assert.equal(told.scope, `${api}/read`);
    await assert.rejects(oidc.clientCredentialsGrant(config, { scope: `${api}/write` }), { error: 'invalid_scope' });
  });
}

test('an authorization request, as it is and pushed, leads to the sign-in page', async () => {
  const config = await configured(web, oidc.ClientSecretPost);
  assert.equal(config.serverMetadata().supportsPKCE(), true);
  const parameters = {
    redirect_uri: callback, scope: 'openid email', state: oidc.randomState(), nonce: oidc.randomNonce(),
    code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()), code_challenge_method: 'S256',
  };
  for (const address of [oidc.buildAuthorizationUrl(config, parameters), await oidc.buildAuthorizationUrlWithPAR(config, parameters)]) {
    const answer = await fetch(address, { redirect: 'manual' });
    assert.equal(answer.status, 302);
    const to = new URL(answer.headers.get('location'), address);
    assert.equal(to.pathname, '/_domain/oauth/login');
    assert.equal(to.searchParams.get('client_id'), config.clientMetadata().client_id);
    assert.equal(to.searchParams.get('state'), address.searchParams.get('state')); // null for a pushed one
  }
  const silent = await fetch(oidc.buildAuthorizationUrl(config, { ...parameters, prompt: 'none' }), { redirect: 'manual' });
  const back = new URL(silent.headers.get('location'));
  await assert.rejects(oidc.authorizationCodeGrant(config, back, { expectedState: parameters.state, expectedNonce: parameters.nonce }), { error: 'login_required' });
});

test('a code that is none, and a token that is none', async () => {
  const config = await configured(web, oidc.ClientSecretBasic);
  const back = new URL(`${callback}?code=4b1d1f3e-1c1f-4e57-a9f2-7f6e1b7d3c11&state=s`);
  await assert.rejects(oidc.authorizationCodeGrant(config, back, { expectedState: 's' }), { error: 'invalid_grant' });
  await assert.rejects(oidc.refreshTokenGrant(config, 'none'), { error: 'invalid_grant' });
  await assert.rejects(oidc.fetchUserInfo(config, 'none', 'sub'), (err) => err.status === 401);
  await oidc.tokenRevocation(config, 'none');
});

test('a user signs in through the login page, openid-client', async () => {
  const config = await configured(web, oidc.ClientSecretBasic);
  const user = await createUser('oauth-openid-client');
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const address = oidc.buildAuthorizationUrl(config, {
    redirect_uri: callback, scope: 'openid email', state, nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  });
  const back = await signInByForm(address, callback, user, password);
  const tokens = await oidc.authorizationCodeGrant(config, back, {
    pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
  });
  const { sub } = tokens.claims();
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, sub)).email, `${user}@example.com`);
  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(renewed.access_token, tokens.access_token);
  assert.equal(renewed.claims().sub, sub);
  await oidc.tokenRevocation(config, tokens.refresh_token);
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' });
  await assert.rejects(oidc.fetchUserInfo(config, renewed.access_token, sub), (err) => err.status === 401);
  const out = await fetch(oidc.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://app.example.com/bye', state,
  }), { redirect: 'manual' });
  assert.equal(out.headers.get('location'), `https://app.example.com/bye?state=${state}`);
});

test('a user signs in through the login page, oauth4webapi', async () => {
  const insecure = { [oauth.allowInsecureRequests]: true };
  const known = (await configured(web, oidc.ClientSecretBasic)).clientMetadata();
  const client = { client_id: known.client_id };
  const secret = oauth.ClientSecretPost(known.client_secret);
  const as = await oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), insecure));
  const user = await createUser('oauth-oauth4webapi');
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const address = new URL(as.authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: client.client_id, response_type: 'code', redirect_uri: callback, scope: 'openid email', state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  });
  const back = oauth.validateAuthResponse(as, client, await signInByForm(address, callback, user, password), state);
  const tokens = await oauth.processAuthorizationCodeResponse(as, client,
    await oauth.authorizationCodeGrantRequest(as, client, secret, back, callback, verifier, insecure),
    { expectedNonce: nonce, requireIdToken: true });
  const { sub } = oauth.getValidatedIdTokenClaims(tokens);
  const info = await oauth.processUserInfoResponse(as, client, sub, await oauth.userInfoRequest(as, client, tokens.access_token, insecure));
  assert.equal(info.email, `${user}@example.com`);
  const refresh = async () => oauth.processRefreshTokenResponse(as, client,
    await oauth.refreshTokenGrantRequest(as, client, secret, tokens.refresh_token, insecure));
  assert.notEqual((await refresh()).access_token, tokens.access_token);
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, secret, tokens.refresh_token, insecure));
  await assert.rejects(refresh(), { error: 'invalid_grant' });
});

test('signing out by the standard', async () => {
  const config = await configured(web, oidc.ClientSecretBasic);
  const address = oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: 'https://app.example.com/bye', state: 's' });
  const answer = await fetch(address, { redirect: 'manual' });
  assert.equal(answer.headers.get('location'), 'https://app.example.com/bye?state=s');
});

test('a client registers itself and gets a token', async () => {
  const register = () => oidc.dynamicClientRegistration(new URL(issuer), { grant_types: ['client_credentials'], redirect_uris: [] }, undefined, options);
  await assert.rejects(register()); // discovery names no endpoint
  await sdk.send(new UpdateUserPoolCommand({
    UserPoolId: pool,
    DcrConfiguration: { OpenDcrEnabled: true, OpenDcrGrantTypes: ['client_credentials'], AllowedScopes: [`${api}/read`] },
  }));
  const tokens = await oidc.clientCredentialsGrant(await register());
  assert.equal(tokens.expires_in, 3600);
});
