<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Cognate\Client\Exception\CognateException;
use Cognate\Client\Files\TusUploads;
use Cognate\Laravel\Files\Disks;
use Cognate\Laravel\Files\FileField;
use Cognate\Laravel\Files\FileResolvers;
use Cognate\Laravel\Files\FileSettings;
use Cognate\Laravel\Files\FileWaits;
use Cognate\V1\GetPlatformRequest;
use Cognate\V1\ListSourcesRequest;
use Cognate\V1\PlatformKind;
use Cognate\V1\WhoAmIRequest;
use Illuminate\Database\Connection;

/** Looks for what keeps records from travelling, and says how to mend it. */
final class Doctor
{
    public const WELL = 'ok';
    public const ODD = 'look';
    public const ILL = 'mend';
    /** @var list<array{string, string, string}> how it is, what, and how to mend it */
    private array $findings = [];

    public function __construct(
        private readonly Options $options,
        private readonly Definitions $definitions,
        private readonly Connections $connections,
        private readonly Catalogue $catalogue,
        private readonly Outbox $outbox,
        private readonly Settings $settings,
        private readonly Hub $hub,
        private readonly FileResolvers $resolvers,
        private readonly FileSettings $files,
        private readonly FileWaits $waits,
        private readonly Disks $disks,
    ) {
    }

    /** @return list<array{string, string, string}> */
    public function examine(): array
    {
        $this->findings = [];
        foreach ([$this->php(...), $this->models(...), $this->databases(...), $this->work(...), $this->reach(...), $this->files(...)] as $part) {
            try {
                $part();
            } catch (\Throwable $error) {
                $this->find(self::ILL, ErrorReport::words($error), 'mend this first, then run cognate:doctor again');
            }
        }
        return $this->findings;
    }

    private function php(): void
    {
        $this->options->enabled ?: $this->find(self::ODD, 'syncing is off', 'set COGNATE_ENABLED=true');
        extension_loaded('pcntl') ?: $this->find(self::ODD, 'the extension pcntl is not loaded', 'without it a worker that is told to end does so at the end of its time; nothing is lost');
        extension_loaded('protobuf') ?: $this->find(self::WELL, 'the extension protobuf is not loaded; messages are read by PHP itself, which is slower', '');
    }

    private function models(): void
    {
        if ($this->definitions->all() === []) {
            $this->find(self::ILL, 'no models are named', 'name classes under `models` in config/cognate.php');
        }
        foreach ($this->definitions->all() as $definition) {
            try {
                $this->catalogue->model($definition);
            } catch (\Throwable $error) {
                $this->find(self::ILL, "$definition->name: " . ErrorReport::words($error), 'correct the class or its options');
                continue;
            }
            $own = method_exists($definition->class, 'save') ? new \ReflectionMethod($definition->class, 'save') : null;
            if ($own !== null && method_exists($definition->class, 'bootSyncable') && !str_ends_with((string) $own->getFileName(), 'Syncable.php')) {
                $this->find(self::ODD, "$definition->class has a save() of its own, so that a write and its capture are two transactions", 'import the trait as `use Syncable { save as saveInSync; }` and call saveInSync() in it');
            }
            if (!$definition->isPivot && !method_exists($definition->class, 'bootSyncable')) {
                $this->find(self::ODD, "$definition->class has no trait: a write and its capture are two transactions, and a crash between them loses the capture", 'write it within DB::transaction(), or run cognate:push --all once a day');
            }
        }
        $this->find(self::WELL, count($this->definitions->all()) . ' models: ' . implode(', ', array_keys($this->definitions->all())), '');
    }

    private function databases(): void
    {
        foreach ($this->connections->all() as $name => $connection) {
            $missing = OwnTables::missing($connection);
            if ($missing !== []) {
                $this->find(self::ILL, "the connection $name has no " . implode(', ', $missing), 'php artisan cognate:install --tables');
                continue;
            }
            $count = $this->outbox->count($connection);
            if ($count['refused'] > 0) {
                $this->find(self::ILL, "the hub has refused {$count['refused']} changes of $name", 'php artisan cognate:status says why; then cognate:retry');
            }
            $this->find(self::WELL, "$name: {$count['pending']} changes wait to be sent", '');
            $this->sqlite($connection, $name);
        }
    }

    private function sqlite(Connection $connection, string $name): void
    {
        if ($connection->getDriverName() !== 'sqlite' || $connection->getDatabaseName() === ':memory:') {
            return;
        }
        $mode = (string) current((array) $connection->selectOne('PRAGMA journal_mode'));
        if ($mode !== 'wal') {
            $this->find(self::ODD, "$name is a SQLite in the mode $mode: whoever writes keeps readers out", "run `PRAGMA journal_mode = wal` on it once");
        }
        if ((int) current((array) $connection->selectOne('PRAGMA busy_timeout')) < 1000) {
            $this->find(self::ODD, "$name does not wait for other writers", "set 'busy_timeout' => 5000 for it in config/database.php");
        }
    }

    private function work(): void
    {
        $worked = $this->settings->get('worked');
        if ($worked === null || time() - (int) $worked > 600) {
            $this->find(self::ILL, $worked === null ? 'nothing has ever been sent from here' : 'the last work was ' . (time() - (int) $worked) . ' s ago', 'add the line of cognate:install to the crontab');
        }
    }

    private function reach(): void
    {
        try {
            $choice = $this->hub->client()->transportChoice();
            $this->find(self::WELL, "the hub is reached by $choice->name ($choice->why)", '');
            $who = $this->hub->client()->key()->whoAmI(new WhoAmIRequest())->getPrincipal();
            $mine = $who === null || $who->getPlatform() === '' || $who->getPlatform() === $this->hub->platform();
            $mine ?: $this->find(self::ILL, "the key is that of {$who->getPlatform()}", "use the key of {$this->hub->platform()}");
            $platform = $this->hub->client()->platformRegistry()->getPlatform((new GetPlatformRequest())->setName('platforms/' . $this->hub->platform()))->getPlatform();
            if ($platform !== null && $platform->getKind() !== PlatformKind::PLATFORM_KIND_AGENT) {
                $this->find(self::ILL, "{$this->hub->platform()} is no agent at the hub", 'an operator makes it one: cognate platform create ' . $this->hub->platform() . ' --agent --pull');
            }
            if ($platform !== null && $platform->getLock() !== null) {
                $this->find(self::ODD, 'the platform is locked at the hub', 'nothing is received until an operator unlocks it');
            }
            $request = (new ListSourcesRequest())->setPlatform($this->hub->platform());
            foreach ($this->hub->client()->capture()->listSources($request)->getSources() as $source) {
                $offset = $source->getClockOffset();
                $seconds = $offset === null ? 0.0 : (float) $offset->getSeconds() + $offset->getNanos() / 1e9;
                if (abs($seconds) > 60) {
                    $this->find(self::ODD, sprintf('the clock of this machine is %+.0f s off', $seconds), 'the hub corrects it; set it all the same, for the application\'s own sake');
                }
            }
        } catch (CognateException $error) {
            $this->find(self::ILL, "the hub: {$error->getMessage()}", 'check COGNATE_ADDRESS, COGNATE_KEY_FILE, and that this machine may connect there');
        }
    }

    private function files(): void
    {
        $fields = [];
        foreach ($this->definitions->all() as $definition) {
            foreach ($this->resolvers->fields($definition) as $name => $field) {
                $fields["$definition->name.$name"] = $field;
            }
        }
        if ($fields === []) {
            return;
        }
        $disks = array_unique(array_map(static fn (FileField $field): string => $field->disk, $fields));
        foreach (array_unique([...array_values($disks), $this->files->staging]) as $name) {
            try {
                $fault = $this->disks->get($name)->fault();
            } catch (Exceptions\InvalidDefinition $error) {
                $fault = $error->getMessage();
            }
            $fault === null ?: $this->find(self::ILL, "the disk $name: $fault", 'correct config/filesystems.php, or let the user that runs cognate:work write there');
        }
        if (count($disks) > 1 && $this->files->staging === 'public') {
            $this->find(self::ODD, 'what is fetched lies on the disk public before it is known which field it is for', "set 'staging' of cognate.files to a disk that nobody can browse");
        }
        $waiting = $this->waits->count();
        if ($waiting['refused'] > 0) {
            $this->find(self::ODD, "{$waiting['refused']} files of records are not sent, as they are not allowed", 'php artisan cognate:status says which and why');
        }
        if ($waiting['absent'] > 0) {
            $this->find(self::ODD, "{$waiting['absent']} files that records lead to are not on their disks", 'they are sent when they are there; php artisan cognate:status says which');
        }
        try {
            $this->hub->contents()->has([hash('sha256', '')]);
            $this->hub->missing(1, '');
            $how = $this->hub->contents()->uploads() instanceof TusUploads ? 'by tus, and come by HTTP' : 'by calls';
            $this->find(self::WELL, count($fields) . ' fields lead to files (' . implode(', ', array_keys($fields)) . "); large ones go $how", '');
        } catch (CognateException $error) {
            $this->find(self::ILL, "no files travel: {$error->getMessage()}", 'an operator sees that file-transfer runs (cognate status), and that the key is the platform\'s own');
        }
    }

    private function find(string $state, string $what, string $mend): void
    {
        $this->findings[] = [$state, $what, $mend];
    }
}
