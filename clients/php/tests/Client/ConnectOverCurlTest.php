<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Tests\Client\Support\Hub;

/** The Connect protocol over HTTP/1.1 and ext-curl. */
final class ConnectOverCurlTest extends TransportContract
{
    protected static function hub(): Hub
    {
        return Hub::plain();
    }

    protected static function way(): array
    {
        return ['address' => Hub::plain()->http, 'transport' => 'connect'];
    }

    protected static function label(): string
    {
        return 'connect-curl';
    }
}
