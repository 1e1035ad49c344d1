<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Tests\Client\Support\Hub;

/** gRPC over ext-curl with TLS: one connection carries all calls. */
final class GrpcOverTlsTest extends TransportContract
{
    protected static function hub(): Hub
    {
        return Hub::tls();
    }

    protected static function way(): array
    {
        return ['address' => self::hub()->url, 'ca_file' => self::hub()->file('ca.pem'), 'transport' => 'grpc'];
    }

    protected static function label(): string
    {
        return 'grpc-tls';
    }
}
