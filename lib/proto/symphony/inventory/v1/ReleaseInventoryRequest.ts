// Original file: symphony/inventory/v1/inventory.proto


export interface ReleaseInventoryRequest {
  'order_id'?: (string);
  'reason'?: (string);
  'saga_id'?: (string);
  'user_id'?: (string);
  'pattern'?: (string);
}

export interface ReleaseInventoryRequest__Output {
  'order_id': (string);
  'reason': (string);
  'saga_id': (string);
  'user_id': (string);
  'pattern': (string);
}
