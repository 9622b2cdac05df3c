# Login tokens as ruby-jwt reads and makes them; for test/server/tokens.
#
# tokens.rb verify  verifies the realms' tokens
# tokens.rb make    makes tokens with our keys; prints CSV for the database: name, algorithm, expected, realm, token

require 'csv'
require 'json'
require 'jwt'
require 'rbnacl'

ALGS = %w[HS256 EdDSA RS256].freeze

# Return the bytes of a realm's private half.
def private_half(realm)
  [realm['private']].pack('H*')
end

# Return what a realm shows of its key, as ruby-jwt takes it.
def revealed(realm)
  case realm['alg']
  when 'HS256' then realm['reveal']
  # The last 32 bytes of SubjectPublicKeyInfo are the key.
  when 'EdDSA' then RbNaCl::Signatures::Ed25519::VerifyKey.new(realm['reveal'].lines[1].unpack1('m')[-32..])
  when 'RS256' then OpenSSL::PKey::RSA.new(realm['reveal'])
  end
end

# Return the public key of a JSON Web Key.
def from_jwk(jwk)
  return RbNaCl::Signatures::Ed25519::VerifyKey.new(JWT::Base64.url_decode(jwk['x'])) if jwk['kty'] == 'OKP'

  JWT::JWK.import(jwk.transform_keys(&:to_sym)).keypair
end

# Return what signs.
def signer(realm)
  case realm['alg']
  when 'HS256' then private_half(realm)
  when 'EdDSA' then RbNaCl::Signatures::Ed25519::SigningKey.new(private_half(realm)[0, 32])
  when 'RS256' then OpenSSL::PKey::RSA.new(private_half(realm))
  end
end

# Tell whether ruby-jwt has the algorithm of a realm: EdDSA left it with version 3.
def known?(realm)
  JWT.encode({}, signer(realm), realm['alg'])
  true
rescue JWT::EncodeError => e
  raise unless e.message == 'Unsupported signing method'

  false
end

# Return the claims of a token, read without a library.
def claims(token)
  JSON.parse(token.split('.')[1].tr('-_', '+/').unpack1('m'))
end

# Return what ruby-jwt thinks of a realm's token.
def verify(realm, key)
  token = realm['tokens']['ada']
  options = { algorithms: [realm['alg']], aud: realm['aud'], verify_aud: true, verify_iat: true,
              required_claims: %w[exp iat sub] }
  JWT.decode(token, key, true, options).first == claims(token) ? 'verified' : 'other claims'
rescue JWT::DecodeError => e
  e.class.name.split('::').last
end

# Print: with which key, what ruby-jwt thinks of the realm's token; or that it does not have the algorithm.
def verify_all(realms)
  ALGS.each do |alg|
    realm = realms[alg]
    next puts("#{alg}: unknown") unless known?(realm)

    puts "#{alg} by reveal_jwt_key: #{verify(realm, revealed(realm))}"
    realm['jwks']['keys'].select { |jwk| jwk['kid'] == realm['kid'] }.each do |jwk|
      puts "#{alg} by jwks: #{verify(realm, from_jwk(jwk))}"
    end
    puts "#{alg} by another realm's key: #{verify(realm, revealed(realms["other #{alg}"]))}"
  end
end

# Print a token of each algorithm that ruby-jwt has, made with our key, kid and claims.
def make(realms)
  ALGS.each do |alg|
    realm = realms[alg]
    next unless known?(realm)

    token = JWT.encode(claims(realm['tokens']['ada']), signer(realm), alg, typ: 'JWT', kid: realm['kid'])
    puts ['made by ruby-jwt', alg, 'accepted', '', token].to_csv(force_quotes: true)
  end
end

realms = JSON.parse($stdin.read)['realms']
ARGV[0] == 'make' ? make(realms) : verify_all(realms)
