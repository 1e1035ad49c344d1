<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Client\Cognate;
use Cognate\Client\Exception\CognateException;
use Cognate\Laravel\Events;
use Cognate\Laravel\Hub;
use Cognate\Laravel\Options;
use Cognate\Laravel\Outbox;
use Cognate\Laravel\WorkerLock;
use Cognate\Tests\Client\Support\FakeClock;
use Cognate\Tests\Laravel\Models\Post;
use Cognate\Tests\Laravel\Models\Tag;
use Cognate\Tests\Laravel\Models\User;
use Cognate\Tests\Laravel\Support\Eventually;
use Cognate\Tests\Laravel\Support\HubProcess;
use Cognate\Tests\Laravel\Support\Pair;
use PHPUnit\Framework\TestCase;

/** Each command, at a hub that runs and at one that does not. */
final class CommandsTest extends TestCase
{
    private static Pair $pair;

    public static function setUpBeforeClass(): void
    {
        self::$pair = new Pair(new HubProcess(['blog'], ['--listen=SOCKET,127.0.0.1:0', '--plaintext', '--http-max-request-bytes=300000']));
    }

    public static function tearDownAfterClass(): void
    {
        self::$pair->hub->remove();
    }

    public function testDoctorSaysWhatIsWrongAndThenThatAllIsWell(): void
    {
        self::assertStringContainsString('nothing has ever been sent', $this->shop('cognate:doctor', [], 1));
        $this->shop('cognate:work', ['--max-seconds' => '0']);
        $said = $this->shop('cognate:doctor');
        self::assertStringContainsString('All is well.', $said);
        self::assertStringContainsString('the hub is reached by grpc', $said);
    }

    public function testStatusTellsWhatWaitsAndHowTheHubStands(): void
    {
        self::$pair->shop->in(static fn () => User::create(['name' => 'Ada', 'email' => 'status@example.org']));
        $state = json_decode($this->shop('cognate:status', ['--json' => true]), true);
        self::assertSame(['shop', 1, 0], [$state['platform'], $state['pending'], $state['refused']]);
        $this->shop('cognate:push');
        self::assertStringContainsString('reached by grpc', $this->shop('cognate:status'));
    }

    public function testPushAndPullAndEventsOfWhatBecameOfIt(): void
    {
        $published = [];
        self::$pair->shop->app->make('events')->listen(Events\RecordPublished::class, static function (Events\RecordPublished $event) use (&$published): void {
            $published[] = "$event->model on $event->platform";
        });
        $this->shop('cognate:work', ['--max-seconds' => '0']);
        self::$pair->shop->in(static fn () => User::create(['name' => 'Bob', 'email' => 'push@example.org']));
        self::assertStringContainsString('0 left', $this->shop('cognate:push'));
        $arrived = fn (): bool => self::$pair->blog->database()->table('users')->where('email', 'push@example.org')->exists();
        Eventually::is(function () use ($arrived): bool {
            self::$pair->blog->run('cognate:pull');
            return $arrived();
        }, 'the record has arrived');
        Eventually::is(function () use (&$published): bool {
            $this->shop('cognate:work', ['--max-seconds' => '0']);
            return in_array('users on blog', $published, true);
        }, 'the source is told');
    }

    public function testARefusedChangeStaysUntilItIsRetried(): void
    {
        $refused = [];
        self::$pair->shop->app->make('events')->listen(Events\ChangeRefused::class, static function (Events\ChangeRefused $event) use (&$refused): void {
            $refused[] = $event->reason;
        });
        $user = self::$pair->shop->in(static fn () => User::create(['name' => 'Eve', 'email' => 'retry@example.org']));
        // As if the catalogue had been another one.
        self::$pair->shop->database()->table(Outbox::TABLE)->update(['model' => 'nowhere']);
        $this->shop('cognate:push');
        self::assertSame(['UNREADABLE_CHANGE'], $refused);
        self::assertStringContainsString('nowhere is not among the models', $this->shop('cognate:status'));
        self::$pair->shop->database()->table(Outbox::TABLE)->update(['model' => 'users']);
        self::assertStringContainsString('1 records are captured again', $this->shop('cognate:retry'));
        self::assertStringContainsString('Nothing is refused', $this->shop('cognate:retry'));
        $this->shop('cognate:push');
        self::assertNotNull(self::$pair->shop->in(static fn (): ?int => $user->syncVersion()));
    }

    public function testARecordThatIsTooLargeForTheGatewayIsRefusedAndTheOthersArrive(): void
    {
        $pair = self::$pair;
        $before = $pair->shop->in(static function (): int {
            foreach (['small 1', 'large', 'small 2'] as $title) {
                Post::create(['title' => $title, 'body' => str_repeat('x', $title === 'large' ? 400_000 : 10)]);
            }
            return Post::where('title', 'like', 'small%')->count();
        });
        $pair->reachBy('connect');
        self::assertStringContainsString('0 left', $pair->shop->run('cognate:push'));
        $pair->reachBy('socket');
        $said = $this->shop('cognate:status');
        self::assertMatchesRegularExpression('/posts \d+: RECORD_TOO_LARGE: the record\'s 40\d{4} bytes are more than the way to the hub lets through/', $said);
        self::assertSame(2, $before);
        self::assertSame([true, true], $pair->shop->in(static fn (): array => Post::where('title', 'like', 'small%')->get()->map(static fn (Post $post): bool => $post->syncVersion() !== null)->all()));
        $this->shop('cognate:retry');
        self::assertStringContainsString('0 left', $this->shop('cognate:push'));
        self::assertNotNull($pair->shop->in(static fn (): ?int => Post::where('title', 'large')->first()->syncVersion()), 'the other way lets it through');
    }

    public function testAPlatformThatNoSyncLeadsToIsDoneAtOnce(): void
    {
        $hub = self::$pair->hub;
        $hub->cognate('platform', 'create', 'lonely', '--agent', '--pull');
        $site = new Support\Site('lonely', $hub->directory, ['driver' => 'sqlite', 'database' => ':memory:'], ['address' => $hub->socket]);
        $clock = new FakeClock();
        $site->app->instance(Hub::class, new Hub($site->app->make(Options::class), Cognate::connect(['address' => $hub->socket], $clock)));
        $site->in(static fn () => Tag::create(['name' => 'alone']));
        self::assertSame(0, $site->app->artisan('cognate:work', ['--max-seconds' => '0'], $said), $said);
        self::assertStringContainsString('Sent 1', $said);
        self::assertSame([], $clock->slept, 'nothing is asked again that stays as it is');
    }

    public function testModelsShowsTheCatalogueAndWhatFits(): void
    {
        $said = $this->shop('cognate:models', ['--compare' => ['blog', 'users=blog:tags']]);
        self::assertStringContainsString('refers to users', $said);
        self::assertStringNotContainsString('password', $said);
        self::assertMatchesRegularExpression('/users\s+\| blog:users\s+\| (full|partial)/', $said);
        self::assertIsArray(json_decode($this->shop('cognate:models', ['--json' => true]), true));
    }

    public function testASecondWorkerLeavesTheWorkToTheFirstAndADeadOneIsReplaced(): void
    {
        self::$pair->shop->app->enter();
        $lock = self::$pair->shop->app->make(WorkerLock::class);
        self::assertTrue($lock->acquire());
        self::assertStringContainsString('another worker is at it', $this->shop('cognate:work', ['--max-seconds' => '0']));
        self::$pair->shop->database()->table('cognate_settings')->where('name', 'worker')->update(['value' => str_replace(' ' . getmypid() . ' ', ' 4194305 ', (string) $lock->holder())]);
        self::assertFalse($lock->renew());
        self::assertStringContainsString('received', $this->shop('cognate:work', ['--max-seconds' => '0']));
    }

    public function testInstallPutsConfigurationTablesAndKeyInTheirPlaces(): void
    {
        $pair = self::$pair;
        $home = "{$pair->hub->directory}/sites";
        $pair->hub->cognate('key', 'enrol-token', 'shop', '--out', "$home/shop.token");
        $nowhere = ['--token-file' => "$home/shop.token", '--key-file' => "$home/nowhere/shop.key"];
        self::assertStringContainsString('The token is not spent', $this->shop('cognate:install', $nowhere, 1));
        touch("$home/empty.token");
        self::assertStringContainsString('has no token', $this->shop('cognate:install', ['--token-file' => "$home/empty.token", '--key-file' => "$home/shop.key"], 1));
        file_put_contents("$home/wrong.token", 'cgt_of_nobody');
        try {
            $this->shop('cognate:install', ['--token-file' => "$home/wrong.token", '--key-file' => "$home/shop.key"], 1);
            self::fail('the token is nobody\'s');
        } catch (CognateException) {
            self::assertFileDoesNotExist("$home/shop.key", 'it is not in the way of the next attempt');
        }
        $said = $this->shop('cognate:install', ['--token-file' => "$home/shop.token", '--key-file' => "$home/shop.key"]);
        self::assertStringContainsString('cognate:work --max-seconds=55', $said);
        self::assertFileExists("$home/config/cognate.php");
        self::assertStringStartsWith('cgk_', (string) file_get_contents("$home/shop.key"));
        self::assertSame('0600', substr(sprintf('%o', fileperms("$home/shop.key")), -4));
        self::assertStringContainsString('is there already', $this->shop('cognate:install', ['--token-file' => "$home/shop.token", '--key-file' => "$home/shop.key"], 1));
    }

    public function testAHubThatIsAwayIsToldAndNothingIsLost(): void
    {
        $hub = new HubProcess([]);
        $site = new Support\Site('away', $hub->directory, ['driver' => 'sqlite', 'database' => ':memory:'], ['address' => "unix:$hub->directory/nobody.sock", 'max_attempts' => 1]);
        $site->in(static fn () => User::create(['name' => 'Ada', 'email' => 'ada@example.org']));
        self::assertSame(1, $site->app->artisan('cognate:work', ['--max-seconds' => '0'], $said));
        self::assertStringContainsString('The hub:', $said);
        self::assertSame(1, $site->pending());
        self::assertSame(1, $site->app->artisan('cognate:status', [], $said));
    }

    public function testItSpeaksGerman(): void
    {
        self::$pair->shop->app->enter()->make('translator')->setLocale('de');
        self::assertStringContainsString('Noch zu senden', $this->shop('cognate:status'));
        self::$pair->shop->app->make('translator')->setLocale('en');
    }

    /** @param array<string, mixed> $arguments */
    private function shop(string $command, array $arguments = [], int $code = 0): string
    {
        return self::$pair->shop->in(static function () use ($command, $arguments, $code): string {
            self::assertSame($code, self::$pair->shop->app->artisan($command, $arguments, $said), $said);
            return $said;
        });
    }
}
