<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\Cognate;
use Cognate\Client\Exception\InvalidConfiguration;
use Cognate\Client\Exception\Unavailable;
use Cognate\Client\Transport\TransportChooser;
use Cognate\Tests\Client\Support\Hub;
use Cognate\Tests\Client\Support\Program;
use Cognate\Tests\Client\Support\TempDir;
use Cognate\Tests\Client\Support\Wait;
use Cognate\V1\Role;
use Cognate\V1\WhoAmIRequest;
use PHPUnit\Framework\TestCase;

final class ChoiceTest extends TestCase
{
    protected function setUp(): void
    {
        if (!Hub::isBuilt()) {
            self::markTestSkipped('[  SKIPPED ] ' . Hub::binary() . ' is not built');
        }
        TransportChooser::forget();
    }

    public function testGrpcIsTakenWhereTheAddressAnswersIt(): void
    {
        foreach ([Hub::plain()->socket, Hub::plain()->url] as $address) {
            $choice = Cognate::connect(['address' => $address])->transportChoice();
            self::assertSame('grpc', $choice->name);
            self::assertStringContainsString($address, $choice->why);
            self::assertSame(['connect', 'ext-grpc'], array_keys($choice->missing));
        }
    }

    public function testConnectIsTakenWhereTheAddressAnswersNoGrpc(): void
    {
        $plain = Hub::plain();
        $tls = Hub::tls();
        $ways = [
            ['address' => $plain->http, 'key' => $plain->key('--role', 'viewer')],
            ['address' => $plain->httpSocket, 'key' => $plain->key('--role', 'viewer')],
            ['address' => $tls->http, 'key' => $tls->key('--role', 'viewer'), 'ca_file' => $tls->file('ca.pem')],
        ];
        foreach ($ways as $way) {
            $cognate = Cognate::connect($way);
            $choice = $cognate->transportChoice();
            self::assertSame('connect', $choice->name, $way['address']);
            self::assertNotSame('', $choice->missing['grpc']);
            self::assertStringContainsString($way['address'], $choice->lines()[0]);
            self::assertSame(Role::ROLE_VIEWER, $cognate->key()->whoAmI(new WhoAmIRequest())->getPrincipal()?->getRole());
        }
    }

    public function testWhatWasFoundIsRememberedAndAnAddressThatIsDownIsNot(): void
    {
        $address = 'http://127.0.0.1:1';
        for ($i = 0; $i < 2; ++$i) {
            try {
                Cognate::connect(['address' => $address])->transportChoice();
                self::fail('chosen');
            } catch (Unavailable $error) {
                self::assertSame('CONNECTION_REFUSED', $error->reason);
            }
        }
        $first = Cognate::connect(['address' => Hub::plain()->url])->transportChoice();
        self::assertSame($first, Cognate::connect(['address' => Hub::plain()->url])->transportChoice());
    }

    public function testAServerThatAnswersNeitherIsTold(): void
    {
        $directory = new TempDir();
        file_put_contents($directory->file('page.php'), '<?php http_response_code(403); echo "<h1>Go away</h1>";');
        $listener = stream_socket_server('tcp://127.0.0.1:0');
        self::assertNotFalse($listener);
        $name = (string) stream_socket_get_name($listener, false);
        fclose($listener);
        $page = new Program([PHP_BINARY, '-S', $name, 'page.php'], $directory->path, $directory->file('log'));
        Wait::until(static fn (): bool => @stream_socket_client("tcp://$name") !== false);
        try {
            Cognate::connect(['address' => "http://$name"])->transportChoice();
            self::fail('chosen');
        } catch (Unavailable $error) {
            self::assertSame('NO_TRANSPORT', $error->reason);
            self::assertStringContainsString('Go away', $error->getMessage());
        } finally {
            $page->stop();
        }
    }

    public function testATransportThatIsNotThereIsRefusedWithTheReason(): void
    {
        if (extension_loaded('grpc')) {
            self::markTestSkipped('[  SKIPPED ] the extension grpc is loaded');
        }
        $this->expectException(InvalidConfiguration::class);
        $this->expectExceptionMessage('the extension grpc is not loaded');
        Cognate::connect(['address' => 'http://127.0.0.1:1', 'transport' => 'ext-grpc'])->transport();
    }
}
