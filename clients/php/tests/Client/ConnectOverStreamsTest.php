<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\ClientConfig;
use Cognate\Client\Cognate;
use Cognate\Client\RetryPolicy;
use Cognate\Client\Transport\ConnectTransport;
use Cognate\Client\Transport\RetryingTransport;
use Cognate\Client\Transport\StreamHttp;
use Cognate\Tests\Client\Support\Hub;

/** The Connect protocol over HTTP/1.1 and PHP streams, as where ext-curl is missing. */
final class ConnectOverStreamsTest extends TransportContract
{
    protected static function hub(): Hub
    {
        return Hub::plain();
    }

    protected static function way(): array
    {
        return ['address' => Hub::plain()->http, 'transport' => 'connect'];
    }

    protected static function of(array $more): Cognate
    {
        $config = ClientConfig::fromArray($more + self::way());
        $transport = new ConnectTransport($config, http: new StreamHttp($config));
        return Cognate::over(new RetryingTransport($transport, $config->timeout, new RetryPolicy($config->maxAttempts)));
    }

    protected static function label(): string
    {
        return 'connect-streams';
    }
}
