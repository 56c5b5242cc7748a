/** Who a server says that it is. */
export interface Identity {
  readonly name: string;
  readonly version: string;
}
