// Original file: symphony/inventory/v1/inventory.proto


export interface CheckAvailabilityRequest {
  'product_id'?: (string);
  'quantity'?: (number);
}

export interface CheckAvailabilityRequest__Output {
  'product_id': (string);
  'quantity': (number);
}
