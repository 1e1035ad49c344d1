<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel;

require_once __DIR__ . '/Support/autoload.php';

use Cognate\Laravel\Events;
use Cognate\Laravel\Outbox;
use Cognate\Laravel\WorkerLock;
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
        self::$pair = new Pair();
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
        self::$pair->shop->database()->table('cognate_settings')->where('name', 'worker')->update(['value' => gethostname() . ' 4194305 x']);
        self::assertFalse($lock->renew());
        self::assertStringContainsString('received', $this->shop('cognate:work', ['--max-seconds' => '0']));
    }

    public function testInstallPutsConfigurationTablesAndKeyInTheirPlaces(): void
    {
        $pair = self::$pair;
        $home = "{$pair->hub->directory}/sites";
        $pair->hub->cognate('key', 'enrol-token', 'shop', '--out', "$home/shop.token");
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
