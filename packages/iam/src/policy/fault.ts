/**
 * A policy document that is refused. `message` is what AWS sends: KMS has words for principals only and sends none for
 * a document that is not well-formed. `reason` always says what is wrong, for who may read more than AWS tells.
 */
export class PolicyFault extends Error {
  readonly code = 'MalformedPolicyDocumentException'
  readonly status = 400
  readonly reason: string
  constructor(reason: string, message = '') {
    super(message)
    this.name = 'PolicyFault'
    this.reason = reason
  }

  static noPrincipal(): PolicyFault {
    return new PolicyFault('A statement has no principal', 'Policy contains a statement with no principal.')
  }

  static invalidPrincipal(reason: string): PolicyFault {
    return new PolicyFault(reason, 'Policy contains a statement with one or more invalid principals.')
  }
}
