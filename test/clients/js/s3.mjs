// The SDK's provider of credentials of identity pools, and an object of an S3 server written and read with them. Not a test
// of its own: testdata/s3/s3.py has the servers.
import assert from 'node:assert/strict';
import { fromCognitoIdentityPool } from '@aws-sdk/credential-providers';
import { SignatureV4 } from '@smithy/signature-v4';
import { SHA256 } from './sha256.mjs';

const { POOLHOUSE: endpoint, S3, IDENTITY_POOL: identityPoolId, LOGINS, FOREIGN } = process.env;
const region = 'us-east-1';
const credentials = await fromCognitoIdentityPool({ identityPoolId, logins: JSON.parse(LOGINS), clientConfig: { endpoint, region } })();
const signer = new SignatureV4({ credentials, region, service: 's3', sha256: SHA256, uriEscapePath: false });

async function object(method, identityId, body) {
  const { protocol, hostname, port, host } = new URL(S3);
  const path = `/photos/${encodeURIComponent(identityId)}/js.txt`;
  const signed = await signer.sign({ method, protocol, hostname, port: Number(port), path, body, query: {}, headers: { host } });
  const { host: _, ...headers } = signed.headers;
  return fetch(`${S3}${path}`, { method, headers, body });
}

const put = await object('PUT', credentials.identityId, 'a dog');
assert.equal(put.status, 200, await put.text());
const got = await object('GET', credentials.identityId);
assert.equal(await got.text(), 'a dog');
assert.equal((await object('PUT', FOREIGN, 'x')).status, 403);
