// Original file: symphony/inventory/v1/inventory.proto


export interface ReserveInventoryResponse {
  'success'?: (boolean);
  'error_message'?: (string);
  'error_code'?: (string);
}

export interface ReserveInventoryResponse__Output {
  'success': (boolean);
  'error_message': (string);
  'error_code': (string);
}
