// Proof of possession (RFC 9449) as openid-client and oauth4webapi do it, from nothing but the issuer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CognitoIdentityProviderClient, CreateUserPoolClientCommand, CreateUserPoolDomainCommand, GetTokensFromRefreshTokenCommand, GetUserCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { signInByForm } from './login-form.mjs';
import { claims, createUser, issuer, password, pool, sdk, url } from './poolhouse.mjs';

const options = { execute: [oidc.allowInsecureRequests] };
const insecure = { [oauth.allowInsecureRequests]: true };
const callback = 'https://app.example.com/callback';
const user = await createUser('dpop');
const anonymous = new CognitoIdentityProviderClient({ maxAttempts: 1 });

await sdk.send(new CreateUserPoolDomainCommand({ UserPoolId: pool, Domain: 'dpop' }));

/** Makes an app client with extensions, and returns its id and secret. */
async function makeClient(GenerateSecret, extensions) {
  const { UserPoolClient: made } = await sdk.send(new CreateUserPoolClientCommand({
    UserPoolId: pool, ClientName: 'dpop', GenerateSecret, AllowedOAuthFlowsUserPoolClient: true, AllowedOAuthFlows: ['code'],
    AllowedOAuthScopes: ['openid', 'email', 'aws.cognito.signin.user.admin'], CallbackURLs: [callback],
    ExplicitAuthFlows: ['ALLOW_REFRESH_TOKEN_AUTH'],
  }));
  const answer = await fetch(`${url}/_poolhouse/clients/${pool}/${made.ClientId}/oauth`, { method: 'PUT', body: JSON.stringify(extensions) });
  assert.equal(answer.status, 200);
  return { id: made.ClientId, secret: made.ClientSecret };
}

for (const [name, alg, extensions, pushed] of [
  ['ES256', 'ES256', { dpop: 'allowed' }, false],
  ['Ed25519, required, with nonces and a pushed request', 'Ed25519', { dpop: 'required', dpopNonce: true, pushedOnly: true }, true],
  ['PS256, required', 'PS256', { dpop: 'required' }, false],
]) {
  test(`a public client of openid-client, ${name}`, async () => {
    const { id } = await makeClient(false, extensions);
    const config = await oidc.discovery(new URL(issuer), id, { token_endpoint_auth_method: 'none' }, oidc.None(), options);
    assert.ok(config.serverMetadata().dpop_signing_alg_values_supported.includes(alg));
    const keys = await oidc.randomDPoPKeyPair(alg);
    const DPoP = oidc.getDPoPHandle(config, keys);
    const thumbprint = await DPoP.calculateThumbprint();
    const verifier = oidc.randomPKCECodeVerifier();
    const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
    const parameters = {
      redirect_uri: callback, scope: 'openid email aws.cognito.signin.user.admin', state, nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    };
    const address = pushed ? await oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP }) :
      oidc.buildAuthorizationUrl(config, { ...parameters, dpop_jkt: thumbprint });
    const back = await signInByForm(address, callback, user, password);
    const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
    const stolen = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
    await assert.rejects(oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP: stolen }), { error: 'invalid_grant' });
    const tokens = await oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
    assert.equal(tokens.token_type, 'dpop'); // as openid-client normalises it
    assert.deepEqual(claims(tokens.access_token).cnf, { jkt: thumbprint });
    const { sub } = tokens.claims();
    assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, sub, { DPoP })).email, `${user}@example.com`);
    await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, sub), (err) => err.status === 401);
    await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, sub, { DPoP: stolen }), (err) => err.status === 401);
    const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
    assert.equal(renewed.token_type, 'dpop');
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: stolen }), { error: 'invalid_grant' });
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token),
      { error: extensions.dpop === 'required' ? 'invalid_dpop_proof' : 'invalid_grant' });
    // The operations of the API have no place for a proof.
    await assert.rejects(anonymous.send(new GetUserCommand({ AccessToken: tokens.access_token })),
      { name: 'NotAuthorizedException', message: 'Access Token is bound to a key and needs a proof of possession' });
    await assert.rejects(anonymous.send(new GetTokensFromRefreshTokenCommand({ ClientId: id, RefreshToken: tokens.refresh_token })),
      { name: 'NotAuthorizedException', message: 'Invalid Refresh Token' });
  });
}

test('a confidential client of oauth4webapi, with nonces', async () => {
  const { id, secret } = await makeClient(true, { dpop: 'allowed', dpopNonce: true });
  const client = { client_id: id };
  const authentication = oauth.ClientSecretPost(secret);
  const as = await oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), insecure));
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES384'));
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const address = new URL(as.authorization_endpoint);
  address.search = new URLSearchParams({
    client_id: id, response_type: 'code', redirect_uri: callback, scope: 'openid email', state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  });
  const back = oauth.validateAuthResponse(as, client, await signInByForm(address, callback, user, password), state);
  const exchange = async () => oauth.processAuthorizationCodeResponse(as, client,
    await oauth.authorizationCodeGrantRequest(as, client, authentication, back, callback, verifier, { DPoP, ...insecure }), { requireIdToken: true });
  await assert.rejects(exchange(), (err) => oauth.isDPoPNonceError(err) && err.status === 400);
  const tokens = await exchange(); // with the nonce of the refusal
  assert.equal(tokens.token_type, 'dpop');
  const info = await oauth.processUserInfoResponse(as, client, oauth.getValidatedIdTokenClaims(tokens).sub,
    await oauth.userInfoRequest(as, client, tokens.access_token, { DPoP, ...insecure }));
  assert.equal(info.email, `${user}@example.com`);
  const told = await oauth.processIntrospectionResponse(as, client,
    await oauth.introspectionRequest(as, client, authentication, tokens.access_token, insecure));
  assert.equal(told.token_type, 'DPoP');
  assert.deepEqual(told.cnf, { jkt: await DPoP.calculateThumbprint() });
  // A client that has a secret may go on with another key, or none.
  const other = oauth.DPoP(client, await oauth.generateKeyPair('RS256'));
  const refresh = async (handle) => oauth.processRefreshTokenResponse(as, client,
    await oauth.refreshTokenGrantRequest(as, client, authentication, tokens.refresh_token, { DPoP: handle, ...insecure }));
  await assert.rejects(refresh(other), (err) => oauth.isDPoPNonceError(err));
  assert.deepEqual(claims((await refresh(other)).access_token).cnf, { jkt: await other.calculateThumbprint() });
  assert.equal((await refresh(undefined)).token_type, 'bearer');
});

test('a client that is not allowed to gets tokens of bearers', async () => {
  const { id } = await makeClient(false, {});
  const config = await oidc.discovery(new URL(issuer), id, { token_endpoint_auth_method: 'none' }, oidc.None(), options);
  const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair());
  const verifier = oidc.randomPKCECodeVerifier();
  const address = oidc.buildAuthorizationUrl(config, {
    redirect_uri: callback, scope: 'openid', code_challenge: await oidc.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  });
  const back = await signInByForm(address, callback, user, password);
  const tokens = await oidc.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier }, undefined, { DPoP });
  assert.equal(tokens.token_type, 'bearer');
});
