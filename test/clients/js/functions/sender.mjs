// A CustomEmailSender function, as the Cognito developer guide shows it: it decrypts the code with the AWS Encryption
// SDK. In place of sending an email it writes to a file.
import { appendFileSync } from 'node:fs'
import { buildClient, CommitmentPolicy, RawAesKeyringNode, RawAesWrappingSuiteIdentifier } from '@aws-crypto/client-node'

const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT)
const keyring = new RawAesKeyringNode({
  keyNamespace: 'poolhouse', keyName: '1234abcd', unencryptedMasterKey: new Uint8Array(Buffer.from(process.env.KEY, 'base64')),
  wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
})

export const handler = async (event) => {
  const { plaintext, messageHeader } = await decrypt(keyring, Buffer.from(event.request.code, 'base64'))
  appendFileSync(process.env.OUT, JSON.stringify({
    source: event.triggerSource, type: event.request.type, client: event.callerContext.clientId, username: event.userName,
    email: event.request.userAttributes.email, metadata: event.request.clientMetadata,
    pool: messageHeader.encryptionContext['userpool-id'], code: plaintext.toString(),
  }) + '\n')
}
