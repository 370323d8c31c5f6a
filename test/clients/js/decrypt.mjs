// Decrypts the messages in the lines of standard input with the AWS Encryption
// SDK, as functions of custom senders do, and prints plaintext and context.
import { createInterface } from 'node:readline'
import {
  buildClient, CommitmentPolicy, getClient, KMS, KmsKeyringNode, RawAesKeyringNode, RawAesWrappingSuiteIdentifier, RawRsaKeyringNode,
} from '@aws-crypto/client-node'

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, policy, key, message } = JSON.parse(line)
  const { decrypt } = buildClient(CommitmentPolicy[policy])
  const keyring = kind === 'kms'
    ? new KmsKeyringNode({
        keyIds: ['arn:aws:kms:us-east-1:123456789012:key/1234abcd'],
        clientProvider: getClient(KMS, { endpoint: key, credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' } }),
      })
    : kind === 'aes'
    ? new RawAesKeyringNode({
        keyNamespace: 'poolhouse', keyName: 'sender', unencryptedMasterKey: new Uint8Array(Buffer.from(key, 'base64')),
        wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
      })
    : new RawRsaKeyringNode({
        keyNamespace: 'poolhouse', keyName: 'sender', rsaKey: { privateKey: key }, oaepHash: 'sha256',
      })
  try {
    const { plaintext, messageHeader } = await decrypt(keyring, Buffer.from(message, 'base64'))
    console.log(JSON.stringify({ plaintext: plaintext.toString(), pool: messageHeader.encryptionContext['userpool-id'] }))
  } catch (err) {
    console.log(JSON.stringify({ error: err.message }))
  }
}
