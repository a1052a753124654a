import { changeWithNewMaterial } from '../keys.ts'
import { operation } from '../operation.ts'
import { keyId } from './shapes.ts'

/** Asynchronous on AWS; here the new material is current when the answer leaves. */
export const RotateKeyOnDemand = operation({
  authorize: { action: 'kms:RotateKeyOnDemand', on: 'KeyId' },
  readOnly: false,
  input: { KeyId: keyId() },
  async run(_, call) {
    const key = await changeWithNewMaterial(call, call.key, (materialId) => ({
      type: 'RotateKeyOnDemand',
      now: call.time,
      materialId,
    }))
    return { KeyId: key.arn }
  },
})
