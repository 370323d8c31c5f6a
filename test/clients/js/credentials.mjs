// The SDK's provider of credentials of identity pools, and requests signed with them. Not a test of its own: the server
// that it needs has roles.
import assert from 'node:assert/strict';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromCognitoIdentityPool } from '@aws-sdk/credential-providers';
import { SignatureV4 } from '@smithy/signature-v4';
import { SHA256 } from './sha256.mjs';

const { POOLHOUSE: endpoint, API, IDENTITY_POOL: identityPoolId, LOGINS } = process.env;
const region = 'us-east-1';
const provider = fromCognitoIdentityPool({ identityPoolId, logins: JSON.parse(LOGINS), clientConfig: { endpoint, region } });
const credentials = await provider();
const { identityId } = credentials;
assert.match(identityId, /^us-east-1:/);

const signer = new SignatureV4({ credentials, region, service: 'execute-api', sha256: SHA256 });

async function write(path, how) {
  const { protocol, hostname, port } = new URL(API);
  const body = how === 'presign' ? undefined : 'a note';
  const request = await signer[how]({
    method: 'PUT', protocol, hostname, port: Number(port), path: `/notes/${path}`, body, query: {},
    headers: { host: `${hostname}:${port}` },
  });
  const query = new URLSearchParams(request.query).toString();
  const { host, ...headers } = request.headers;
  return fetch(`${API}${request.path}${query && `?${query}`}`, { method: 'PUT', headers, body });
}

for (const how of ['sign', 'presign']) {
  const answer = await write(`${identityId}/1`, how);
  assert.equal(answer.status, 200, `${how}: ${await answer.clone().text()}`);
  assert.equal((await answer.json()).identityId, identityId);
  assert.equal((await write('another/1', how)).status, 401);
}

const { Arn } = await new STSClient({ endpoint, region, credentials }).send(new GetCallerIdentityCommand({}));
assert.match(Arn, /:assumed-role\/Member\/CognitoIdentityCredentials$/);
