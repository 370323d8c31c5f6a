// Decrypts the messages in the lines of standard input with the AWS Encryption
// SDK, as functions of custom senders do, and prints plaintext and context.
import { createInterface } from 'node:readline'
import {
  buildClient, CommitmentPolicy, RawAesKeyringNode, RawAesWrappingSuiteIdentifier, RawRsaKeyringNode,
} from '@aws-crypto/client-node'

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, policy, key, message } = JSON.parse(line)
  const { decrypt } = buildClient(CommitmentPolicy[policy])
  const keyring = kind === 'aes'
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
