// Sign-ins that the pool's functions lead (CUSTOM_AUTH), with aws-amplify and
// amazon-cognito-identity-js, with the password first and without.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Amplify } from 'aws-amplify';
import { confirmSignIn, fetchAuthSession, signIn, signOut } from 'aws-amplify/auth';
import { AuthenticationDetails, CognitoUser, CognitoUserPool } from 'amazon-cognito-identity-js';
import { CreateUserPoolClientCommand, CreateUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import { createUserIn, password, sdk, url } from './poolhouse.mjs';

const arn = (name) => `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
const { UserPool } = await sdk.send(new CreateUserPoolCommand({
  PoolName: 'custom',
  LambdaConfig: {
    DefineAuthChallenge: arn('define'), CreateAuthChallenge: arn('create'), VerifyAuthChallengeResponse: arn('verify'),
  },
}));
const { UserPoolClient } = await sdk.send(new CreateUserPoolClientCommand({
  UserPoolId: UserPool.Id, ClientName: 'app', ExplicitAuthFlows: ['ALLOW_CUSTOM_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
}));
await createUserIn(UserPool.Id, 'ada');

test('aws-amplify', async (t) => {
  Amplify.configure({
    Auth: { Cognito: { userPoolId: UserPool.Id, userPoolClientId: UserPoolClient.ClientId, userPoolEndpoint: url } },
  });
  for (const [authFlowType, withPassword] of [['CUSTOM_WITHOUT_SRP', undefined], ['CUSTOM_WITH_SRP', password]]) {
    await t.test(authFlowType, async () => {
      const asked = await signIn({ username: 'ada', password: withPassword, options: { authFlowType } });
      assert.equal(asked.nextStep.signInStep, 'CONFIRM_SIGN_IN_WITH_CUSTOM_CHALLENGE');
      assert.equal(asked.nextStep.additionalInfo.riddle, '6 x 7');
      assert.ok(!JSON.stringify(asked).includes('42'));
      const again = await confirmSignIn({ challengeResponse: '41' });
      assert.equal(again.nextStep.signInStep, 'CONFIRM_SIGN_IN_WITH_CUSTOM_CHALLENGE');
      const done = await confirmSignIn({ challengeResponse: '42' });
      assert.equal(done.nextStep.signInStep, 'DONE');
      const { tokens } = await fetchAuthSession();
      assert.equal(tokens.accessToken.payload.username, 'ada');
      await signOut();
    });
  }
  await t.test('a wrong password', async () => {
    await assert.rejects(
      signIn({ username: 'ada', password: 'Wrong-Horse-7', options: { authFlowType: 'CUSTOM_WITH_SRP' } }),
      { name: 'NotAuthorizedException', message: 'Incorrect username or password.' },
    );
  });
});

test('amazon-cognito-identity-js', async (t) => {
  const userPool = new CognitoUserPool({ UserPoolId: UserPool.Id, ClientId: UserPoolClient.ClientId, endpoint: url });
  const signInAda = (method, answers) => new Promise((resolve, reject) => {
    const ada = new CognitoUser({ Username: 'ada', Pool: userPool });
    ada.setAuthenticationFlowType('CUSTOM_AUTH');
    const callbacks = {
      onSuccess: resolve, onFailure: reject,
      customChallenge: ({ riddle }) => {
        assert.equal(riddle, '6 x 7');
        ada.sendCustomChallengeAnswer(answers.shift(), callbacks);
      },
    };
    ada[method](new AuthenticationDetails({ Username: 'ada', Password: password }), callbacks);
  });
  for (const method of ['initiateAuth', 'authenticateUser']) {
    await t.test(method, async () => {
      const session = await signInAda(method, ['41', '42']);
      assert.equal(session.getAccessToken().payload.username, 'ada');
    });
  }
  await t.test('too many wrong answers', async () => {
    await assert.rejects(signInAda('initiateAuth', ['1', '2', '3']), { name: 'NotAuthorizedException' });
  });
});
