// Original file: symphony/shipping/v1/shipping.proto


export interface CancelShipmentRequest {
  'order_id'?: (string);
  'reason'?: (string);
  'saga_id'?: (string);
  'user_id'?: (string);
  'pattern'?: (string);
}

export interface CancelShipmentRequest__Output {
  'order_id': (string);
  'reason': (string);
  'saga_id': (string);
  'user_id': (string);
  'pattern': (string);
}
