// Original file: symphony/inventory/v1/inventory.proto


export interface ReserveInventoryRequest {
  'product_id'?: (string);
  'quantity'?: (number);
  'order_id'?: (string);
  'saga_id'?: (string);
  'user_id'?: (string);
  'pattern'?: (string);
}

export interface ReserveInventoryRequest__Output {
  'product_id': (string);
  'quantity': (number);
  'order_id': (string);
  'saga_id': (string);
  'user_id': (string);
  'pattern': (string);
}
