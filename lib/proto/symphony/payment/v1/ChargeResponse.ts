// Original file: symphony/payment/v1/payment.proto


export interface ChargeResponse {
  'success'?: (boolean);
  'error_message'?: (string);
  'error_code'?: (string);
  'payment_id'?: (string);
}

export interface ChargeResponse__Output {
  'success': (boolean);
  'error_message': (string);
  'error_code': (string);
  'payment_id': (string);
}
