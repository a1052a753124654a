import { operation } from '../operation.ts'
import { updatePrimaryRegion } from '../replication.ts'
import { keyId, region } from './shapes.ts'

/** The other Region is asked whether this caller may, and then told; until it has taken over the key is Updating. */
export const UpdatePrimaryRegion = operation({
  authorize: { action: 'kms:UpdatePrimaryRegion', on: 'KeyId' },
  readOnly: false,
  input: { KeyId: keyId(), PrimaryRegion: region() },
  async run({ PrimaryRegion }, call) {
    await updatePrimaryRegion(call, PrimaryRegion)
    return {}
  },
})
