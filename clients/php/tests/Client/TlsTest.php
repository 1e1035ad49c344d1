<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\CallOptions;
use Cognate\Client\ClientConfig;
use Cognate\Client\Cognate;
use Cognate\Client\Exception\CognateException;
use Cognate\Client\Exception\TlsFailed;
use Cognate\Client\Exception\Unauthenticated;
use Cognate\Client\Transport\ConnectTransport;
use Cognate\Client\Transport\CurlGrpcTransport;
use Cognate\Client\Transport\StreamHttp;
use Cognate\Tests\Client\Support\Hub;
use Cognate\V1\Role;
use Cognate\V1\WhoAmIRequest;
use Cognate\V1\WhoAmIResponse;
use PHPUnit\Framework\TestCase;

final class TlsTest extends TestCase
{
    private const WHO = '/cognate.v1.KeyService/WhoAmI';

    protected function setUp(): void
    {
        if (!Hub::isBuilt()) {
            self::markTestSkipped('[  SKIPPED ] ' . Hub::binary() . ' is not built');
        }
    }

    /** @param array<string, mixed> $more */
    private static function config(array $more): ClientConfig
    {
        $hub = Hub::tls();
        return ClientConfig::fromArray($more + ['address' => $hub->url, 'ca_file' => $hub->file('ca.pem')]);
    }

    private static function who(CurlGrpcTransport $transport): WhoAmIResponse
    {
        return $transport->unary(self::WHO, new WhoAmIRequest(), WhoAmIResponse::class, new CallOptions(timeout: Support\Wait::PATIENCE));
    }

    public function testTwoThousandCallsGoOverOneConnection(): void
    {
        $transport = new CurlGrpcTransport(self::config(['key' => Hub::tls()->key('--role', 'viewer')]));
        $started = hrtime(true);
        for ($i = 0; $i < 2000; ++$i) {
            self::assertSame(Role::ROLE_VIEWER, self::who($transport)->getPrincipal()?->getRole());
        }
        self::assertSame(1, $transport->connections());
        fprintf(STDOUT, "\nfigure php.client.tls calls=2000 connections=1 seconds=%.2f\n", (hrtime(true) - $started) / 1e9);
    }

    public function testWithoutTlsManyCallsGoWellAllTheSame(): void
    {
        $key = Hub::plain()->key('--role', 'viewer');
        $transport = new CurlGrpcTransport(ClientConfig::fromArray(['address' => Hub::plain()->url, 'key' => $key]));
        for ($i = 0; $i < 1000; ++$i) {
            self::assertSame(Role::ROLE_VIEWER, self::who($transport)->getPrincipal()?->getRole());
        }
    }

    public function testAnotherAuthorityIsNotTrusted(): void
    {
        $wrong = ['ca_file' => Hub::tls()->file('other.pem'), 'key' => 'cgk_secret'];
        $gateway = self::config($wrong + ['address' => Hub::tls()->http]);
        $transports = [
            new CurlGrpcTransport(self::config($wrong)),
            new ConnectTransport($gateway),
            new ConnectTransport($gateway, http: new StreamHttp($gateway)),
        ];
        foreach ($transports as $transport) {
            try {
                $transport->unary(self::WHO, new WhoAmIRequest(), WhoAmIResponse::class, new CallOptions());
                self::fail('trusted');
            } catch (TlsFailed $error) {
                self::assertSame('TLS_FAILED', $error->reason);
                self::assertStringContainsString('ca_file', $error->getMessage());
            }
        }
        // Nor is a transport chosen over it: nobody may be asked instead.
        $this->expectException(TlsFailed::class);
        Cognate::connect(['address' => Hub::tls()->url, 'ca_file' => Hub::tls()->file('other.pem')])->transportChoice();
    }

    public function testAGatewayIsReachedWithTlsByCurlAndByStreams(): void
    {
        $config = self::config(['address' => Hub::tls()->http, 'key' => Hub::tls()->key('--role', 'viewer')]);
        foreach ([new ConnectTransport($config), new ConnectTransport($config, http: new StreamHttp($config))] as $transport) {
            $answer = $transport->unary(self::WHO, new WhoAmIRequest(), WhoAmIResponse::class, new CallOptions());
            self::assertSame(Role::ROLE_VIEWER, $answer->getPrincipal()?->getRole(), $transport->carrier());
        }
    }

    public function testTheSystemsAuthoritiesDoNotVouchForOurs(): void
    {
        $config = ClientConfig::fromArray(['address' => Hub::tls()->url]);
        $this->expectException(TlsFailed::class);
        self::who(new CurlGrpcTransport($config));
    }

    public function testACertificateOfAnotherNameIsNotTrusted(): void
    {
        $url = str_replace('localhost', '127.0.0.2', Hub::tls()->url);
        try {
            self::who(new CurlGrpcTransport(self::config(['address' => $url])));
            self::fail('trusted');
        } catch (CognateException $error) {
            // Where nobody listens on that address there is nobody to trust.
            self::assertContains($error->reason, ['TLS_FAILED', 'CONNECTION_REFUSED']);
        }
    }

    public function testAClientCertificateSaysWhoCalls(): void
    {
        $hub = Hub::tls();
        $transport = new CurlGrpcTransport(self::config(['client_certificate' => $hub->file('client.pem'), 'client_key' => $hub->file('client.key')]));
        self::assertSame(Role::ROLE_SERVICE, self::who($transport)->getPrincipal()?->getRole());
        try {
            self::who(new CurlGrpcTransport(self::config([])));
            self::fail('answered');
        } catch (Unauthenticated $error) {
            self::assertSame('KEY_MISSING', $error->reason);
        }
    }

    public function testAChildProcessDoesNotUseItsParentsConnection(): void
    {
        if (!function_exists('pcntl_fork')) {
            self::markTestSkipped('[  SKIPPED ] ext-pcntl is not loaded');
        }
        $transport = new CurlGrpcTransport(self::config(['key' => Hub::tls()->key('--role', 'viewer')]));
        self::who($transport);
        $child = pcntl_fork();
        if ($child === 0) {
            $before = $transport->connections();
            self::who($transport);
            // Ends without what the parent's objects would do at their ends.
            posix_kill((int) getmypid(), $transport->connections() === $before + 1 ? SIGKILL : SIGTERM);
        }
        for ($i = 0; $i < 50; ++$i) {
            self::who($transport);
        }
        pcntl_waitpid($child, $status);
        self::assertSame(SIGKILL, pcntl_wtermsig($status));
        self::who($transport);
        self::assertSame(1, $transport->connections());
    }
}
