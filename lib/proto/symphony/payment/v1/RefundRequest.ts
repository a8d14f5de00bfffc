// Original file: symphony/payment/v1/payment.proto


export interface RefundRequest {
  'order_id'?: (string);
  'reason'?: (string);
  'saga_id'?: (string);
  'user_id'?: (string);
  'pattern'?: (string);
}

export interface RefundRequest__Output {
  'order_id': (string);
  'reason': (string);
  'saga_id': (string);
  'user_id': (string);
  'pattern': (string);
}
