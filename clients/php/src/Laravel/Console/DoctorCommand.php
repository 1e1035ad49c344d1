<?php

declare(strict_types=1);

namespace Cognate\Laravel\Console;

use Cognate\Laravel\Doctor;

/** What is wrong, and how to mend it. */
final class DoctorCommand extends Command
{
    protected $signature = 'cognate:doctor';
    protected $description = 'Look for what keeps records from travelling, and say how to mend it';

    public function handle(Doctor $doctor): int
    {
        $ill = 0;
        foreach ($doctor->examine() as [$state, $what, $mend]) {
            $tag = ['ok' => 'info', 'look' => 'comment', 'mend' => 'error'][$state];
            $this->line(sprintf('<%s>%-5s</%s> %s', $tag, $state, $tag, $what));
            if ($mend !== '') {
                $this->line("      $mend");
            }
            $ill += $state === Doctor::ILL ? 1 : 0;
        }
        $ill === 0 ? $this->say('doctor.well') : $this->say('doctor.ill', ['count' => $ill]);
        return $ill === 0 ? self::SUCCESS : self::FAILURE;
    }
}
