// Original file: symphony/shipping/v1/shipping.proto


export interface Address {
  'line1'?: (string);
  'city'?: (string);
  'postal_code'?: (string);
  'country'?: (string);
}

export interface Address__Output {
  'line1': (string);
  'city': (string);
  'postal_code': (string);
  'country': (string);
}
