// Original file: symphony/inventory/v1/inventory.proto


export interface ReleaseInventoryResponse {
  'success'?: (boolean);
  'error_message'?: (string);
  'error_code'?: (string);
}

export interface ReleaseInventoryResponse__Output {
  'success': (boolean);
  'error_message': (string);
  'error_code': (string);
}
