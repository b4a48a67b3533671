/** The device is gone, with all that lay on it: thrown by engines, caught by whoever has a checkpoint. */
export class DeviceLost extends Error {
  readonly reason: string;
  constructor(reason: string) {
    super(`the device was lost: ${reason}`);
    this.reason = reason;
  }
}
