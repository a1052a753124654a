export { credentialsFile } from './founding.ts'
export { house } from './house.ts'
export { BusyFault } from './lock.ts'
export type { House, HouseOptions } from './options.ts'
