// Original file: symphony/shipping/v1/shipping.proto


export interface CancelShipmentResponse {
  'success'?: (boolean);
  'error_message'?: (string);
  'error_code'?: (string);
}

export interface CancelShipmentResponse__Output {
  'success': (boolean);
  'error_message': (string);
  'error_code': (string);
}
