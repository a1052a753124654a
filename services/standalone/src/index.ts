export { credentialsFile } from './founding.ts'
export { BusyFault, type House, type HouseOptions, house } from './house.ts'
