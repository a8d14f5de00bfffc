// Original file: symphony/payment/v1/payment.proto


export interface RefundResponse {
  'success'?: (boolean);
  'error_message'?: (string);
  'error_code'?: (string);
}

export interface RefundResponse__Output {
  'success': (boolean);
  'error_message': (string);
  'error_code': (string);
}
