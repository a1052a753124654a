import type { Vault } from '@keyledger/crypto'

/**
 * Gives every account and region a new domain key whose last one is older than `period` milliseconds, and finishes rotations
 * that a crash cut short: they left an older version behind. The vault alone tells, so running twice does nothing twice.
 */
export const RotateDomainKeys = async (
  { vault, now }: { readonly vault: Pick<Vault, 'domainKeys' | 'rotateDomainKey'>; readonly now: () => number },
  period: number,
  signal: AbortSignal,
): Promise<void> => {
  const known = await vault.domainKeys()
  for (const { region, account, version, at } of known) {
    if (signal.aborted) return
    const others = known.filter((other) => other.region === region && other.account === account)
    const newest = others.every((other) => other.version <= version)
    if (newest && (others.length > 1 || at + period <= now())) await vault.rotateDomainKey(region, account)
  }
}
