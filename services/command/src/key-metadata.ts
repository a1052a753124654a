import type { Key, Related } from '@keyledger/keys'
import { algorithmsOf, keyArn, keySpecs } from '@keyledger/keys'

/** Seconds since the epoch, as AWS JSON writes a timestamp. */
export const epoch = (milliseconds: number): number => milliseconds / 1000

const multiRegionConfiguration = ({ account, id, multiRegion, replication }: Key) => {
  if (!replication) return undefined
  const entry = ({ region }: Related) => ({ Arn: keyArn(region, account, id), Region: region })
  const { primary, replicas } = replication
  return { MultiRegionKeyType: multiRegion, PrimaryKey: entry(primary), ReplicaKeys: replicas.map(entry) }
}

/** The KeyMetadata of an answer (KMS API reference; members that do not apply are left out, as on AWS). */
export const keyMetadata = (key: Key) => {
  const { legacy } = keySpecs[key.spec]
  return {
    AWSAccountId: key.account,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: epoch(key.createdAt),
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.state,
    DeletionDate: key.deletionDate === undefined ? undefined : epoch(key.deletionDate),
    Origin: key.origin,
    KeyManager: key.manager,
    CustomerMasterKeySpec: legacy ? key.spec : undefined,
    KeySpec: key.spec,
    EncryptionAlgorithms: key.usage === 'ENCRYPT_DECRYPT' ? algorithmsOf(key.spec, key.usage) : undefined,
    MultiRegion: key.multiRegion !== undefined,
    MultiRegionConfiguration: multiRegionConfiguration(key),
    PendingDeletionWindowInDays: key.windowInDays,
    CurrentKeyMaterialId: key.spec === 'SYMMETRIC_DEFAULT' ? key.materials.at(-1)?.id : undefined,
  }
}
