// The hash that @smithy/signature-v4 wants.
import { createHash, createHmac } from 'node:crypto';

export class SHA256 {
  constructor(secret) { this.hash = secret ? createHmac('sha256', secret) : createHash('sha256'); }
  update(data) { this.hash.update(data); }
  async digest() { return new Uint8Array(this.hash.digest()); }
}
