import { iamFault } from '../iam-fault.ts'
import type { Tag } from './state.ts'

/** Throws InvalidInput for what IAM takes for the same tag twice, or for AWS's own; keys are compared without case. */
export const acceptableTags = (tags: readonly Tag[]): readonly Tag[] => {
  const keys = new Set(tags.map(({ key }) => key.toLowerCase()))
  if (keys.size < tags.length) throw iamFault('duplicateTags')
  for (const key of keys) if (key.startsWith('aws:')) throw iamFault('reservedTag')
  return tags
}
