/** Any way in which a ciphertext does not open. Says nothing of which: that would help whoever is guessing. */
export class CiphertextFault extends Error {
  override readonly name = 'CiphertextFault'
}

/** An encryption context that has no canonical bytes (an unpaired surrogate is not Unicode text and has no UTF-8). */
export class ContextFault extends Error {
  override readonly name = 'ContextFault'
  constructor() {
    super('The encryption context must be well-formed Unicode text.')
  }
}

const vaultReasons = {
  unknown: 'the vault holds no such key material',
  damaged: 'what the vault holds does not open: the file was altered, or belongs to another root key',
  foreign: 'this vault was made under another root key',
  newer: 'this vault was made by a newer version of keyledger',
  transport: 'this did not come from where it says, was altered, or came too late',
  contended: 'the vault was changed too often by others to finish; try again',
}

/** What the vault cannot do. Names a thing (an id), never holds one (a byte). */
export class VaultFault extends Error {
  override readonly name = 'VaultFault'
  readonly reason: keyof typeof vaultReasons
  constructor(reason: keyof typeof vaultReasons, subject = '') {
    super(subject ? `${vaultReasons[reason]} (${subject})` : vaultReasons[reason])
    this.reason = reason
  }
}

/** The root key stays shut. The text names the seal and says what a person can do about it. */
export class SealFault extends Error {
  override readonly name = 'SealFault'
  /** The seal as the operator wrote it, for example `file:/etc/keyledger/root.key`. */
  readonly seal: string
  constructor(seal: string, text: string) {
    super(`${seal}: ${text}`)
    this.seal = seal
  }
}
