// A pool whose function sends the emails: codes reach it encrypted, and work.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import {
  AdminCreateUserCommand, ConfirmSignUpCommand, CreateUserPoolClientCommand, CreateUserPoolCommand, InitiateAuthCommand, SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider'
import { password, sdk } from './poolhouse.mjs'

const { UserPool: { Id: UserPoolId } } = await sdk.send(new CreateUserPoolCommand({
  PoolName: 'custom sender', AutoVerifiedAttributes: ['email'],
  LambdaConfig: {
    CustomEmailSender: { LambdaVersion: 'V1_0', LambdaArn: 'arn:aws:lambda:us-east-1:123456789012:function:sender' },
    KMSKeyID: 'arn:aws:kms:us-east-1:123456789012:key/1234abcd',
  },
}))
const { UserPoolClient: { ClientId } } = await sdk.send(new CreateUserPoolClientCommand({
  UserPoolId, ClientName: 'web', ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'],
}))

// What the function was given for a user, once it was called.
async function sent(username) {
  for (let i = 0; i < 500; i++) {
    let text = ''
    try { text = readFileSync(process.env.OUT, 'utf8') } catch { /* not yet */ }
    const found = text.split('\n').filter(Boolean).map((line) => JSON.parse(line)).find((m) => m.username === username)
    if (found) return found
    await sleep(20)
  }
  throw new Error(`nothing was sent to ${username}`)
}

test('a sign-up is confirmed with the code that the function decrypts', async () => {
  await sdk.send(new SignUpCommand({
    ClientId, Username: 'ada', Password: password, UserAttributes: [{ Name: 'email', Value: 'ada@example.com' }], ClientMetadata: { tenant: 'a' },
  }))
  const { code, ...rest } = await sent('ada')
  assert.match(code, /^\d{6}$/)
  assert.deepEqual(rest, {
    source: 'CustomEmailSender_SignUp', type: 'customEmailSenderRequestV1', client: ClientId, username: 'ada',
    email: 'ada@example.com', metadata: { tenant: 'a' }, pool: UserPoolId,
  })
  await sdk.send(new ConfirmSignUpCommand({ ClientId, Username: 'ada', ConfirmationCode: code }))
  const { AuthenticationResult } = await sdk.send(new InitiateAuthCommand({
    ClientId, AuthFlow: 'USER_PASSWORD_AUTH', AuthParameters: { USERNAME: 'ada', PASSWORD: password },
  }))
  assert.ok(AuthenticationResult.AccessToken)
})

test('a temporary password arrives with its markup escaped', async () => {
  await sdk.send(new AdminCreateUserCommand({
    UserPoolId, Username: 'bob', TemporaryPassword: 'Temp<Pass>&1', DesiredDeliveryMediums: ['EMAIL'],
    UserAttributes: [{ Name: 'email', Value: 'bob@example.com' }],
  }))
  const { code, source, client } = await sent('bob')
  assert.deepEqual({ code, source, client }, {
    code: 'Temp&lt;Pass&gt;&amp;1', source: 'CustomEmailSender_AdminCreateUser', client: 'CLIENT_ID_NOT_APPLICABLE',
  })
})
