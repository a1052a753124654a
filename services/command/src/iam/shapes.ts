import { enumeration, integer, list, string, structure } from '@keyledger/wire'

/** Members of IAM's inputs, as its API reference has them. */
export const newUserName = () => string({ min: 1, max: 64, pattern: '[\\w+=,.@-]+' })
export const userName = () => string({ min: 1, max: 128, pattern: '[\\w+=,.@-]+' })
export const roleName = () => string({ min: 1, max: 64, pattern: '[\\w+=,.@-]+' })
export const policyName = () => string({ min: 1, max: 128, pattern: '[\\w+=,.@-]+' })
export const policyDocument = () => string({ min: 1, max: 131072, pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+' })
export const path = () => string({ min: 1, max: 512, pattern: '(/)|(/[\\u0021-\\u007E]+/)' }).default('/')
export const pathPrefix = () => string({ min: 1, max: 512, pattern: '/[\\u0021-\\u007E]*' }).default('/')
export const accessKeyId = () => string({ min: 16, max: 128, pattern: '[\\w]+' })
export const status = () => enumeration(['Active', 'Inactive'])
export const marker = () => string({ min: 1, max: 1024, pattern: '[\\u0020-\\u00FF]+' }).optional()
export const maxItems = () => integer({ min: 1, max: 1000 }).default(100)
export const tags = () =>
  list(
    structure({
      Key: string({ min: 1, max: 128, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+' }),
      Value: string({ min: 0, max: 256, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*' }),
    }),
    { max: 50 },
  ).default([])
/** Only to be refused: a boundary that is not kept would give more than was meant. */
export const permissionsBoundary = () => string({ min: 20, max: 2048 }).optional()
